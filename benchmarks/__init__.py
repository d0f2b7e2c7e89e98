"""Side-by-side timings of sparse-linear-model solvers, each answer checked by code that belongs to none of them."""
