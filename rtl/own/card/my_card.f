// Files of the card, by paths from this folder.
my_card_tx.sv
my_card_rx.sv
my_card.sv
