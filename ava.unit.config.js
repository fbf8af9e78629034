import { configurationOf } from './test/tiers.js';

export default configurationOf('unit');
