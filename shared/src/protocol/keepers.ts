/** Roles that the frame of the page has to know. Without schemas, because the frame is part of the first load. */
import type { Role } from './api.ts';

/** Roles that open, change and assign cases, and see who the patient is. */
export const CASE_KEEPERS: readonly Role[] = ['radiologist', 'admin'];

/** Roles that may make exports, each only with the redactions of that role. */
export const EXPORTERS: readonly Role[] = [...CASE_KEEPERS, 'researcher'];
