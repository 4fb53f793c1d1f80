"""Find the small faces of photographs, enlarge them by a model, and lay them into the enlarged photograph."""
