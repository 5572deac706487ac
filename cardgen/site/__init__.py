"""The static site: cards rendered to parts, stamped into a shell that a site engine built."""
