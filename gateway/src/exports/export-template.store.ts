/** Templates of exports: built-in ones, and those that a site made. */
import type { ExportDefinition } from '#shared/protocol/exports.ts';
import { recordAudit } from '../audit/audit.ts';
import { createNamedVersions } from '../database/named-versions.ts';
import { BUILT_IN_TEMPLATES } from './built-in-templates.ts';

export const exportTemplates = createNamedVersions<ExportDefinition>({
  table: 'export_template',
  builtIn: BUILT_IN_TEMPLATES,
  changed: 'export-template-changed',
  record: (trx, { id, siteId }, { name, version, definition }, now) => {
    const { redaction, format, fields } = definition;
    const said = { template: name, version, redaction, format, fields, by: id };
    return recordAudit(trx, siteId, { event: 'export-template-made', ...said }, now);
  },
});
