"""`speechtrt bench engines`: what lowering a precision buys, stage by stage, and what building and proving it costs."""
