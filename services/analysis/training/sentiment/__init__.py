"""Parts of train_sentiment.py."""
