/**
 * The tier of a test file: `npm test` runs what a change is likely to break, `npm run test:all` everything. A file
 * that may wait says so on its first line, `// test:all: ` and the reason.
 */
const LATER = /^\/\/ test:all: \S/;

export type Tier = 'gate' | 'all';

export const tierOf = (text: string): Tier => (LATER.test(text) ? 'all' : 'gate');
