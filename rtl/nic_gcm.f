// AES-GCM engine alone. Paths are relative to this folder.
// Level 0
nic_pkg.sv
lib/nic_fifo.sv
// Level 1
crypto/nic_aes_pipe.sv
crypto/nic_gcm_issue.sv
crypto/nic_gcm_pack.sv
crypto/nic_ghash.sv
// Level 2
crypto/nic_gcm_powers.sv
crypto/nic_ghash_lanes.sv
// Level 3
crypto/nic_gcm.sv
