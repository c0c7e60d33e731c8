"""What is wrong with a data set: damaged files, duplicates, imbalance."""
