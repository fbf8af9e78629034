import { mixedConfiguration } from './test/tiers.js';

export default mixedConfiguration();
