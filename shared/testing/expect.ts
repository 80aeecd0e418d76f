/**
 * Assertions on a page: each looks again until it holds, for as long as an action may take. Playwright's own, which
 * work outside its runner too. Everything that a page shows is judged by them: a value that is read once is the value
 * of one instant.
 */
import { expect as plain } from 'playwright/test';
import { ACTION_MS } from './environment.ts';

export const expect = plain.configure({ timeout: ACTION_MS });
