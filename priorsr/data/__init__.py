"""Face sets, and how they are loaded and made."""
