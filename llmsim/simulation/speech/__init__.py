"""What is said in words: what is recognised, and what is answered."""
