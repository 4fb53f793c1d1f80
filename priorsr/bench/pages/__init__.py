"""HTML pages: the site of a leaderboard, and the report of a training run."""
