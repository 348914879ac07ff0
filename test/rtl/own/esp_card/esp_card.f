// A card that does ESP, by paths from this folder.
../../../../rtl/own/engine/my_aes.sv
../../../../rtl/own/engine/my_ghash.sv
../../../../rtl/own/engine/my_engine.sv
esp_frame.sv
esp_sas.sv
esp_card_tx.sv
esp_card_rx.sv
esp_card.sv
