/**
 * The recipes by which a gateway was stopped, filled or made to tell, each with a mutation of its own for every
 * seed. A recipe says which answers are right; everything else is looked at around it (run-hostile.ts).
 */
import { BODIES } from './attack-bodies.ts';
import { HEADERS } from './attack-headers.ts';
import { STUDIES } from './attack-studies.ts';
import { REST } from './attack-sums.ts';
import type { Recipe } from './recipe.ts';

export const RECIPES: readonly Recipe[] = [...HEADERS, ...BODIES, ...STUDIES, ...REST];
