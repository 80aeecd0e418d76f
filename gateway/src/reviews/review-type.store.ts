/** Review types: built-in ones, and those that a site made. */
import type { ReviewDefinition } from '#shared/protocol/reviews.ts';
import { recordAudit } from '../audit/audit.ts';
import { createNamedVersions } from '../database/named-versions.ts';
import { BUILT_IN_TYPES } from './built-in-types.ts';

export const reviewTypes = createNamedVersions<ReviewDefinition>({
  table: 'review_type',
  builtIn: BUILT_IN_TYPES,
  changed: 'review-type-changed',
  record: (trx, { id, siteId }, { name, version }, now) =>
    recordAudit(trx, siteId, { event: 'review-type-made', reviewType: name, version, by: id }, now),
});
