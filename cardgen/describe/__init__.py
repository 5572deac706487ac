"""One card as text for a terminal and as JSON for a program, each value with its origin."""

from cardgen.describe.asjson import describe_json, describe_values
from cardgen.describe.text import describe

__all__ = ["describe", "describe_json", "describe_values"]
