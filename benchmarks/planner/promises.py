"""What the planner promises."""

from speechtrt.benchmarks.measure.bar import Promise, Sense

PROMISES = (Promise("planned capacity of two servers at once, off by", "planned.difference_size", Sense.AT_MOST, 0.15),)
