"""How well trained models do: one model (`evaluate`), or many side by side (`comparison`). What one
answers on sequences whose targets nobody knows: `predict`.
"""
