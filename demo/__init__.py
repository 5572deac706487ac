"""Eight small trainings, their cards, and what drives them: see demo.py."""
