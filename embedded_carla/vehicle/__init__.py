"""How a vehicle moves: parameters, tyres and the single-track model."""
