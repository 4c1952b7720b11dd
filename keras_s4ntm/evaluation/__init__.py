"""How well trained models do: one model (`evaluate`), or many side by side (`comparison`)."""
