/** The template that an export begins with: none whose file would be empty, where there is another. */
import { ANONYMOUS_GROUP, type ExportTemplate, type NewExport } from '#shared/protocol/exports.ts';

/** A file about groups has nothing of fewer cases than a group has. */
export const isEmptyFor = (
  selection: NewExport['selection'],
  template: ExportTemplate | undefined,
): boolean =>
  'cases' in selection &&
  selection.cases.length < ANONYMOUS_GROUP &&
  template?.definition.redaction === 'anonymous';

/** The first; where its file would be empty, the first with pseudonyms. */
export function preselected(templates: readonly ExportTemplate[], selection: NewExport['selection']) {
  const [first] = templates;
  const limited = templates.find(({ definition }) => definition.redaction === 'limited');
  return (isEmptyFor(selection, first) && limited) || first;
}
