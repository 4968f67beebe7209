import { Component, type ReactNode } from 'react';
import { useText } from '../i18n';
import { Failure } from '../ui/states';

interface Props {
  children: ReactNode;
  resetKey?: string;
}

function Broken({ error, retry }: { error: unknown; retry: () => void }) {
  const { t } = useText();
  return (
    <div className="page">
      <h1>{t('error.page')}</h1>
      <Failure error={error} retry={retry} />
    </div>
  );
}

export class ErrorBoundary extends Component<Props, { error: unknown }> {
  override state = { error: null as unknown };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override componentDidUpdate(before: Props) {
    if (before.resetKey !== this.props.resetKey && this.state.error !== null) {
      this.setState({ error: null });
    }
  }

  override render() {
    if (this.state.error === null) return this.props.children;
    return <Broken error={this.state.error} retry={() => this.setState({ error: null })} />;
  }
}
