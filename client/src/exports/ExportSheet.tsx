/**
 * The form for exporting the listed or chosen cases: which template, and for which purpose. While names are hidden,
 * templates that contain names are not offered.
 */
import { useSignal } from '@preact/signals';
import { useState } from 'preact/hooks';
import {
  exportSchema,
  exportTemplatesSchema,
  PURPOSE_LENGTH,
  type ExportTemplate,
  type NewExport,
} from '#shared/protocol/exports.ts';
import { troubleOf } from '../net/trouble-of.ts';
import { SelectField, TextField } from '../kit/fields.tsx';
import { FormSheet } from '../kit/FormSheet.tsx';
import { mistakeOf } from '../kit/trouble.ts';
import { useForm } from '../kit/use-form.ts';
import { NotShownCases } from '../cases/parts/NotShownCases.tsx';
import { useTold } from '../net/use-told.ts';
import { Icon } from '../kit/Icon.tsx';
import { namesHidden } from '../kit/identities.ts';
import { Notice } from '../kit/Notice.tsx';
import { leadFromHere } from '../kit/lead-from-here.ts';
import { hrefOf } from '../kit/routes.ts';
import { TypedField } from '../kit/TypedField.tsx';
import { WhenKnown } from '../kit/WhenKnown.tsx';
import { useApi } from '../net/net-context.ts';
import { isEmptyFor, preselected } from './choose-template.ts';
import { exportWords } from './export-words.ts';

const words = exportWords.ask;

type ExportSheetProps = {
  readonly selection: NewExport['selection'];
  readonly onClose: () => void;
};

export function ExportSheet({ selection, onClose }: ExportSheetProps) {
  const api = useApi();
  const isListed = !('cases' in selection);
  const count = 'cases' in selection ? selection.cases.length : 0;
  // Every attempt uses the same id, so that repeated requests make one export.
  const [id] = useState(() => crypto.randomUUID());
  const form = useForm<'purpose'>(troubleOf);
  const told = useTold('/export-templates', exportTemplatesSchema);
  const chosen = useSignal<string | null>(null);
  const purpose = useSignal('');
  const templates = (told.value.value?.templates ?? []).filter(
    ({ definition }) => !namesHidden.value || definition.redaction !== 'full',
  );
  const template = templates.find(({ name }) => name === chosen.value) ?? preselected(templates, selection);
  const isTooFew = isEmptyFor(selection, template);
  const ask = () =>
    form.submit(async () => {
      if (purpose.value.trim() === '') return { ...mistakeOf(words.purposeMissing), field: 'purpose' };
      if (template === undefined || isTooFew) return;
      const body = { id, template: template.name, selection, purpose: purpose.value };
      const lead = leadFromHere();
      await api.json('/exports', exportSchema, { method: 'POST', body });
      lead(hrefOf({ page: 'exports' }));
    });
  return (
    <FormSheet
      title={isListed ? words.title : words.titleOf(count)}
      form={form}
      words={words}
      isReady={template !== undefined}
      onSubmit={ask}
      onClose={onClose}
    >
      {isListed && <p class="quiet">{words.what}</p>}
      <WhenKnown of={told} loading={words.loading}>
        {(_, known) =>
          template === undefined ? (
            <p>{words.none(known)}</p>
          ) : (
            <Template {...{ templates }} chosen={template} onChoose={(name) => (chosen.value = name)} />
          )
        }
      </WhenKnown>
      <LeftOut isTooFew={isTooFew} />
      <TypedField title={words.purpose}>
        <TextField
          label={words.purpose}
          name="purpose"
          what={words.purposeHint}
          isProse
          rows={2}
          longest={PURPOSE_LENGTH}
          value={purpose.value}
          onChange={(typed) => (purpose.value = typed)}
        />
      </TypedField>
    </FormSheet>
  );
}

/** Says before the file is made which cases it will leave out, and why. */
function LeftOut({ isTooFew }: { readonly isTooFew: boolean }) {
  return (
    <>
      <NotShownCases />
      <div role="status">
        {isTooFew && (
          <Notice kind="wait" title={words.tooFew}>
            <p>{words.tooFewWhat}</p>
          </Notice>
        )}
      </div>
    </>
  );
}

type TemplateProps = {
  readonly templates: readonly ExportTemplate[];
  readonly chosen: ExportTemplate;
  readonly onChoose: (name: string) => void;
};

function Template({ templates, chosen, onChoose }: TemplateProps) {
  const { redaction, format, fields } = chosen.definition;
  const told = exportWords.tellsFormat[format];
  return (
    <>
      <SelectField
        label={words.template}
        value={chosen.name}
        options={templates.map(
          ({ name, definition }) =>
            [name, `${definition.title} · ${exportWords.formats[definition.format]}`] as const,
        )}
        onChange={onChoose}
      />
      <div role="status">
        <Notice kind={redaction === 'full' ? 'wait' : 'plain'} title={exportWords.redactions[redaction]}>
          <p>{exportWords.tells[redaction]}</p>
          {redaction === 'anonymous' && exportWords.tellsAnonymous.map((line) => <p key={line}>{line}</p>)}
          {told !== undefined && <p>{told}</p>}
        </Notice>
      </div>
      {!templates.some(({ definition }) => definition.format === 'dicom') && (
        <p class="small quiet">{words.noImages}</p>
      )}
      <details class="disclosure">
        <summary class="small">
          <span class="disclosure-mark">
            <Icon name="chevron" size={16} turns />
          </span>
          {words.fields}
        </summary>
        <p class="code">{fields.join(', ')}</p>
      </details>
    </>
  );
}
