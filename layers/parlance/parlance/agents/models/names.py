"""The models that an agent may name. Apart from the models, which only those pay for who use one."""

MODELS = ("bedrock", "extractive", "openai_compatible")
