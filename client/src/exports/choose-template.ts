/**
 * Chooses the template that an export starts with. A template whose file would be empty is avoided where there is
 * another.
 */
import { ANONYMOUS_GROUP, type ExportTemplate, type NewExport } from '#shared/protocol/exports.ts';

/** A file about groups leaves out groups with fewer cases than the minimum size. */
export const isEmptyFor = (
  selection: NewExport['selection'],
  template: ExportTemplate | undefined,
): boolean =>
  'cases' in selection &&
  selection.cases.length < ANONYMOUS_GROUP &&
  template?.definition.redaction === 'anonymous';

/** The first template; where its file would be empty, the first one with pseudonyms. */
export function preselected(templates: readonly ExportTemplate[], selection: NewExport['selection']) {
  const [first] = templates;
  const limited = templates.find(({ definition }) => definition.redaction === 'limited');
  return (isEmptyFor(selection, first) && limited) || first;
}
