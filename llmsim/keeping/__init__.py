"""What providers' APIs remember beyond turns: stored responses, conversations, threads, batches."""
