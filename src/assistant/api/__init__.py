"""The HTTP server: API, OpenAI's protocol, web page and MCP over one service; safe where nothing is configured."""
