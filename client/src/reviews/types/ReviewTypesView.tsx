/** The review types of the site: who reads, and what they are asked; added and changed here. */
import { useSignal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { reviewTypesSchema, type ReviewDefinition, type ReviewType } from '#shared/protocol/reviews.ts';
import { TroubleAlert } from '../../kit/TroubleAlert.tsx';
import { caseWords } from '../../cases/case-words.ts';
import { troubleOf } from '../../cases/case-trouble.ts';
import { openAttempt } from '../../kit/open-attempt.ts';
import { formatMoment } from '../../kit/format.ts';
import { hrefOf } from '../../kit/routes.ts';
import { useLate } from '../../kit/use-late.ts';
import { useApi } from '../../net/net-context.ts';
import { nameFor } from './type-form.ts';
import { TypeSheet } from './TypeSheet.tsx';
import { typeWords as words } from './type-words.ts';

/** The types as the gateway has them, and what a person makes of them. */
function useTypes() {
  const api = useApi();
  const types = useSignal<readonly ReviewType[] | null>(null);
  const [attempt] = useState(() => openAttempt(troubleOf));
  const load = () =>
    attempt.tried(async () => {
      types.value = (await api.json('/review-types', reviewTypesSchema)).types;
    });
  useEffect(() => void load(), []);
  /** `before` null: a new one. Throws ApiProblem, Unreachable. */
  const save = async (before: ReviewType | null, definition: ReviewDefinition) => {
    const names = (types.value ?? []).map(({ name }) => name);
    const after = await (before === null
      ? api.json('/review-types', reviewTypesSchema, {
          ...{ method: 'POST', body: { name: nameFor(definition.title, names), definition } },
        })
      : api.json(`/review-types/${before.name}`, reviewTypesSchema, {
          ...{ method: 'PUT', body: { version: before.version, definition } },
        }));
    types.value = after.types;
  };
  return { types: types.value, attempt, load, save };
}

export function ReviewTypesView() {
  const { types, attempt, load, save } = useTypes();
  /** Null: the form is closed. */
  const editing = useSignal<{ readonly type: ReviewType | null } | null>(null);
  const late = useLate(types === null && attempt.isBusy.value);
  return (
    <main id="content" class="page stack" aria-busy={types === null}>
      <div>
        <a class="button button-bare" href={hrefOf({ page: 'reviews', id: '' })}>
          {words.back}
        </a>
        <h1 tabIndex={-1}>{words.title}</h1>
      </div>
      <p class="quiet">{words.intro}</p>
      <TroubleAlert trouble={attempt.trouble.value}>
        <p>
          <button type="button" class="button" onClick={() => void load()}>
            {words.again}
          </button>
        </p>
      </TroubleAlert>
      {late && <p class="quiet">{words.loading}</p>}
      {types && <Types types={types} onEdit={(type) => (editing.value = { type })} />}
      {editing.value !== null && (
        <TypeSheet
          definition={editing.value.type?.definition ?? null}
          onSave={(definition) => save(editing.value?.type ?? null, definition)}
          onClose={() => (editing.value = null)}
        />
      )}
    </main>
  );
}

type TypesProps = {
  readonly types: readonly ReviewType[];
  /** Null: a new one. */
  readonly onEdit: (type: ReviewType | null) => void;
};

function Types({ types, onEdit }: TypesProps) {
  return (
    <>
      <ul class="plain" aria-label={words.title}>
        {types.map((type) => (
          <li key={type.name} class="hairline review-type">
            <Type type={type} />
            <button
              type="button"
              class="button"
              aria-haspopup="dialog"
              aria-label={words.changeOf(type.definition.title)}
              onClick={() => onEdit(type)}
            >
              {words.change}
            </button>
          </li>
        ))}
      </ul>
      <p>
        <button type="button" class="button button-main" aria-haspopup="dialog" onClick={() => onEdit(null)}>
          {words.add}
        </button>
      </p>
    </>
  );
}

function Type({ type: { version, madeBy, madeAt, definition } }: { readonly type: ReviewType }) {
  const { title, readers, assignment, hidesFinding, modalities = [], bodyParts = [], form } = definition;
  const made =
    madeBy === null || madeAt === null
      ? words.builtIn
      : words.madeBy(madeBy, formatMoment(new Date(madeAt), new Date()));
  const about = [
    words.readers(readers),
    words.assignments[assignment],
    words.questions(Object.keys(form.properties).length),
    ...(hidesFinding ? [words.hides(readers)] : []),
    ...[...modalities, ...bodyParts.map((one) => caseWords.list.bodyParts[one])],
  ];
  return (
    <div class="stack-tight">
      <span class="strong kept">
        <bdi>{title}</bdi>
      </span>
      <span>{about.join(words.separator)}</span>
      <span class="small quiet">{[words.version(version), made].join(words.separator)}</span>
    </div>
  );
}
