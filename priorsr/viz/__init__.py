"""Pictures for training, the bench and the docs: strips of faces, and curves. Import the module that is needed."""
