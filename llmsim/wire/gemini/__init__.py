"""Gemini, on the wire: generateContent, streamGenerateContent, countTokens, embedContent and models; pure."""
