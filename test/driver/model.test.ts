// SPDX-License-Identifier: BSD-2-Clause
import { ModelWorld } from '../../src/model/model_world.ts';
import { driverContract } from './contract.ts';

driverContract('the functional model', (config) => new ModelWorld(config));
