// SPDX-License-Identifier: BSD-2-Clause

/** The form of a Wycheproof file; case 1 is tcId 1 of its aes_gcm_test.json, case 2 breaks its tag. */
export const WYCHEPROOF = {
  algorithm: 'AES-GCM',
  numberOfTests: 2,
  testGroups: [
    {
      ivSize: 96,
      keySize: 128,
      tagSize: 128,
      tests: [
        {
          tcId: 1,
          comment: '',
          key: '5b9604fe14eadba931b0ccf34843dab9',
          iv: '028318abc1824029138141a2',
          aad: '',
          msg: '001d0c231287c1182784554ca3a21908',
          ct: '26073cc1d851beff176384dc9896d5ff',
          tag: '0a3ea7a5487cb5f7d70fb6c58d038554',
          result: 'valid',
        },
        {
          tcId: 2,
          comment: 'flipped bit 0 in tag',
          key: '5b9604fe14eadba931b0ccf34843dab9',
          iv: '028318abc1824029138141a2',
          aad: '',
          msg: '001d0c231287c1182784554ca3a21908',
          ct: '26073cc1d851beff176384dc9896d5ff',
          tag: '0b3ea7a5487cb5f7d70fb6c58d038554',
          result: 'invalid',
        },
      ],
    },
  ],
};

/** The form of NIST CAVP's gcmDecrypt128.rsp; its cases come from the Wycheproof ones above. */
export const CAVP_DECRYPT = `# CAVS 14.0
[Keylen = 128]
[IVlen = 96]
[PTlen = 128]
[AADlen = 0]

[Taglen = 128]

Count = 0
Key = 5b9604fe14eadba931b0ccf34843dab9
IV = 028318abc1824029138141a2
CT = 26073cc1d851beff176384dc9896d5ff
AAD = 
Tag = 0a3ea7a5487cb5f7d70fb6c58d038554
PT = 001d0c231287c1182784554ca3a21908

Count = 1
Key = 5b9604fe14eadba931b0ccf34843dab9
IV = 028318abc1824029138141a2
CT = 26073cc1d851beff176384dc9896d5ff
AAD = 
Tag = 0b3ea7a5487cb5f7d70fb6c58d038554
FAIL
`;

/** draft-mcgrew-gcm-test-01, case 2. */
export const ESP_PACKET = {
  name: 'draft-mcgrew-gcm-test-01 #2',
  alg: 'AES-GCM-16-128',
  key: 'feffe9928665731c6d6a8f9467308308',
  salt: 'cafebabe',
  spi: '0000a5f8',
  seq: '0000000a',
  esn: false,
  iv: 'facedbaddecaf888',
  pt:
    '4500003e698f000080114dccc0a80102c0a801010a980035002a2343b2d0010000010000' +
    '00000000037369700963796265726369747902646b00000100010001',
  aad: '0000a5f80000000a',
  ct:
    'deb22cd9b07c72c16e3a65beeb8df304a5a5897d33ae530f1ba76d5d114d2a5c3de81827' +
    'c10e9a4f51330d0eec416642cfbb85a5b47e48a4ec3b9ba95d918bd1',
  icv: '83b70d3aa8bc6ee4c309e9d85a41ad4a',
  packet:
    '0000a5f80000000afacedbaddecaf888deb22cd9b07c72c16e3a65beeb8df304a5a5897d33ae530f' +
    '1ba76d5d114d2a5c3de81827c10e9a4f51330d0eec416642cfbb85a5b47e48a4ec3b9ba95d918bd1' +
    '83b70d3aa8bc6ee4c309e9d85a41ad4a',
};
