# Boards: power and energy chips, rails, batteries.
