/**
 * Shown when drawing a view throws: says what this means for the studies and offers a way back. The error itself is not
 * shown, because it may contain a name.
 */
import { Component, type ComponentChildren } from 'preact';
import { Notice } from '../kit/Notice.tsx';
import { appWords } from './app-words.ts';

export class ProblemBoundary extends Component<{ children: ComponentChildren }, { failed: boolean }> {
  override state = { failed: false };

  static override getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override render() {
    if (!this.state.failed) return this.props.children;
    return (
      <main id="content" class="page stack">
        <h1 tabIndex={-1}>{appWords.problem.title}</h1>
        <div role="alert">
          <Notice kind="stop" title={appWords.problem.what}>
            <p>{appWords.problem.next}</p>
          </Notice>
        </div>
        <div>
          <button type="button" class="button button-main" onClick={() => location.reload()}>
            {appWords.problem.reload}
          </button>
        </div>
      </main>
    );
  }
}
