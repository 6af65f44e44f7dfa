"""Language models at servers: one seam, `Model`, behind which OpenAI's protocol and Ollama's own are spoken."""
