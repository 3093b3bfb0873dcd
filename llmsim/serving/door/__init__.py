"""The way in for plain HTTP/1.1: generating requests are answered here, all others handed to Hypercorn and Quart."""
