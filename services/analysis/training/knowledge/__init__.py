"""Builds the gazetteers of the analysis service from free sources and curated tables."""
