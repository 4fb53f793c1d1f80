"""Pictures for training, the bench and the docs. Import the modules one by one."""
