"""One module per question: local rows, is it a miss, fall-through, freshness."""
