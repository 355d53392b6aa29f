"""Lists of recordings with their texts, as other toolkits write them."""
