/** The texts of a finding: warnings, reasons, limits, the lungs, and how it was made. */
import type { ComponentChildren } from 'preact';
import { cautionsOf } from '#shared/models/cautions.ts';
import type { Finding, Result } from '#shared/protocol/inference.ts';
import { CodeLine } from '../../kit/CodeLine.tsx';
import { useSession } from '../../net/net-context.ts';
import { formatFullMoment } from '../../kit/format.ts';
import { Icon } from '../../kit/Icon.tsx';
import { Notice } from '../../kit/Notice.tsx';
import { kitWords } from '../../kit/kit-words.ts';
import { InstanceRow } from './InstanceRow.tsx';
import { lacksReport } from '../parts/await-reports.ts';
import { hrefOfInstance, inReadingOrder, replacementOf, titleOfReport } from '../parts/stored-places.ts';
import { storedWords } from '../parts/stored-words.ts';
import { className, inputName, modelName, personOf } from '../parts/describe-result.ts';
import { resultWords } from '../parts/result-words.ts';

/**
 * Why there is no answer, or warnings to read before the answer. Shows everything that the report says about this, in
 * its words.
 */
export function Remarks({ result: { finding, disagreement } }: { readonly result: Result }) {
  const instead =
    finding.model.insteadOf &&
    resultWords.insteadOf(modelName(finding.model.insteadOf), modelName(finding.model));
  return (
    <>
      {cautionsOf(finding).map(({ title, what }) => (
        <Notice key={title} kind="wait" title={title}>
          <p>{what}</p>
        </Notice>
      ))}
      {instead && (
        <Notice kind="wait" title={instead.title}>
          <p>{instead.what}</p>
        </Notice>
      )}
      {disagreement && (
        <Notice kind="wait" title={resultWords.device.title}>
          <p>{resultWords.device.what(disagreement.device, disagreement.gateway)}</p>
        </Notice>
      )}
    </>
  );
}

export function Sentences({ title, lines }: { readonly title: string; readonly lines: readonly string[] }) {
  if (lines.length === 0) return null;
  return (
    <div class="result-part">
      <h2>{title}</h2>
      <ul class="sentences">
        {lines.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    </div>
  );
}

export function Lungs({ lungs }: { readonly lungs: Finding['lungs'] }) {
  if (lungs === null) return null;
  return (
    <div class="result-part">
      <h2>{resultWords.lungs.label}</h2>
      <dl class="facts small">
        {(['right', 'left'] as const).map((side) => {
          const { fraction, marked } = lungs[side];
          return (
            <Fact key={side} name={resultWords.lungs[side]}>
              {[
                resultWords.lungs.ofImage(fraction),
                ...(marked === null ? [] : [resultWords.lungs.marked(marked)]),
              ].join('; ')}
            </Fact>
          );
        })}
      </dl>
    </div>
  );
}

export function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <div class="fact">
      <dt class="quiet">{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

export function HowItWasMade({ result }: { readonly result: Result }) {
  const { finding } = result;
  return (
    <details class="disclosure hairline">
      <summary>
        <span class="disclosure-mark">
          <Icon name="chevron" size={16} turns />
        </span>
        <span class="strong">{resultWords.details.label}</span>
      </summary>
      <dl class="facts small">
        <ModelFacts model={finding.model} />
        <InputFacts input={finding.input} />
        <RunFacts result={result} />
        <RequestFacts result={result} />
      </dl>
    </details>
  );
}

function ModelFacts({ model }: Pick<Finding, 'model'>) {
  const said = resultWords.details;
  return (
    <>
      <Fact name={said.model}>{modelName(model)}</Fact>
      <Fact name={said.modelDigest}>
        <CodeLine code={model.digest} />
      </Fact>
    </>
  );
}

function InputFacts({ input }: Pick<Finding, 'input'>) {
  const said = resultWords.details;
  const name = input.kind === 'dicom' ? resultWords.loneInstance : inputName(input);
  return (
    <>
      <Fact name={said.input}>{said.inputWhat(name, input.columns, input.rows, input.frame)}</Fact>
      <Fact name={said.inputDigest}>
        <CodeLine code={input.digest} />
      </Fact>
      {input.studyInstanceUID && (
        <Fact name={said.studyInstanceUID}>
          <CodeLine code={input.studyInstanceUID} />
        </Fact>
      )}
      {input.sopInstanceUID && (
        <Fact name={said.sopInstanceUID}>
          <CodeLine code={input.sopInstanceUID} />
        </Fact>
      )}
    </>
  );
}

/** The outcome of the gate, the population check and the runtime. */
function RunFacts({ result: { finding, cached } }: { readonly result: Result }) {
  const { image, model, population, completeness } = finding;
  const said = resultWords.details;
  return (
    <>
      <Fact name={said.gate}>{said.gateWhat(className(image.kind), image.probability)}</Fact>
      <Fact name={said.population}>{said.populations[population]}</Fact>
      <Fact name={said.runtime}>{model.runtime}</Fact>
      {cached && <Fact name={said.cached}>{said.cachedWhat}</Fact>}
      {completeness && (
        <Fact name={said.completeness}>
          {said.completenessWhat(completeness.sum, completeness.difference)}
        </Fact>
      )}
    </>
  );
}

/** When and for whom the result was made. */
function RequestFacts({ result }: { readonly result: Result }) {
  const said = resultWords.details;
  const viewer = useSession().user.value;
  const { requestedBy: id, requestedByName: name } = result;
  return (
    <>
      <Fact name={said.made}>{formatFullMoment(new Date(result.createdAt))}</Fact>
      <Fact name={said.asked}>
        {id === null ? said.byRule : personOf({ id, name }, viewer, { you: said.you, other: said.somebody })}
      </Fact>
      <Fact name={said.revision}>{result.revision}</Fact>
    </>
  );
}

/** SR, SEG and SC, each with its state and a link to the stored instance. */
export function ResultInstances({ result }: { readonly result: Result }) {
  const said = resultWords.details;
  const { id, instances } = result;
  return (
    <div class="result-part">
      <h2>{said.instances}</h2>
      {instances.length === 0 && <p class="small quiet">{said.noInstances}</p>}
      <p class="small" role="status">
        {lacksReport(result) && said.reportComes}
      </p>
      <ul class="result-instances">
        {inReadingOrder(instances).map((instance) => (
          <InstanceRow
            key={instance.sopInstanceUID}
            state={instance.state}
            said={said.states[instance.state] ?? instance.state}
            href={instance.isWithheld ? null : hrefOfInstance(id, instance)}
          >
            {`${titleOfReport(result, instance)} (${instance.kind})`}
            {replacementOf(instances, instance) && (
              <span class="small quiet">{kitWords.separator + storedWords.replaced}</span>
            )}
            {instance.isWithheld && (
              <span class="small quiet">{kitWords.separator + storedWords.withheld}</span>
            )}
          </InstanceRow>
        ))}
      </ul>
    </div>
  );
}
