"""What can be asked for an answer: this program, its HTTP API, any server with OpenAI's chat protocol."""
