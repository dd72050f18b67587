"""The paper's testable claims, asked of the user's own model and data; "no" is an answer."""
