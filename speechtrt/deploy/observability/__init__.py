"""What a fleet tells of itself: queries, rules, dashboard."""
