// The card, levelled: a module uses modules of lower levels only. Paths are relative to this folder.
// Level 0: package
nic_pkg.sv
// Level 1: leaf cells
lib/nic_clock_gate.sv
lib/nic_fifo.sv
lib/nic_frame_fifo.sv
lib/nic_inflight.sv
lib/nic_realign.sv
crypto/nic_aes_pipe.sv
crypto/nic_gcm_issue.sv
crypto/nic_gcm_pack.sv
crypto/nic_ghash.sv
csr/nic_axil.sv
csr/nic_irq.sv
csr/nic_irq_ring.sv
csr/nic_reset.sv
csr/nic_ring_regs.sv
csr/nic_sa_window.sv
csr/nic_stats.sv
sa/nic_match_table.sv
sa/nic_replay.sv
sa/nic_sa_number.sv
sa/nic_rss.sv
sa/nic_sa_state.sv
sa/nic_sa_table.sv
sa/nic_scrub.sv
esp/nic_esp_build.sv
esp/nic_esp_rx_merge.sv
esp/nic_esp_rx_split.sv
esp/nic_esp_strip.sv
esp/nic_esp_tx_merge.sv
esp/nic_esp_tx_split.sv
esp/nic_rx_parse.sv
dma/nic_axi_read.sv
dma/nic_tx_gather.sv
dma/nic_tx_issue.sv
// Level 2: blocks
crypto/nic_gcm_powers.sv
crypto/nic_ghash_lanes.sv
csr/nic_csr_queues.sv
dma/nic_axi_write.sv
dma/nic_cpl_write.sv
dma/nic_csum_tx.sv
dma/nic_desc_fetch.sv
dma/nic_dma_read.sv
dma/nic_dma_write.sv
mac/nic_mac_rx.sv
esp/nic_csum_rx.sv
esp/nic_sa_ahead.sv
sa/nic_rx_lookup.sv
mac/nic_mac_tx.sv
// Level 3
csr/nic_csr.sv
dma/nic_queue_fetch.sv
dma/nic_queue_cpl.sv
crypto/nic_gcm.sv
// Level 4: inline ESP
esp/nic_esp_rx.sv
esp/nic_esp_tx.sv
// Level 5: the two paths
nic_rx.sv
nic_tx.sv
// Level 6: the card
nic_top.sv
