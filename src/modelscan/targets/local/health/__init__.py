"""How a backend is: `probe` asks it, `watch` asks again and again, `health` and `pulse` judge the answers."""
