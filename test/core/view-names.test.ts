import { describe, expect, it } from '@jest/globals';
import { apiView, APIView, dedent, defineSettings, Response } from 'sallyport';
import type { ViewClass } from 'sallyport';
import { call } from '../support/server';

function viewNamed(name: string, statics: object = {}): ViewClass {
  class View extends APIView {}
  Object.defineProperty(View, 'name', { value: name });
  return Object.assign(View, statics);
}
const nameOf = (View: ViewClass): string => new View().getViewName();

describe('the name of a view', () => {
  it.each([
    ['UserListViewSet', 'User List'],
    ['HTMLView', 'Html'],
    ['APIRootView', 'Api Root'],
    ['OAuth2TokenView', 'O Auth2 Token'],
    ['HTML5Parser2View', 'Htm L5 Parser2'],
    ['my_func_view', 'My Func View'],
    ['Don_t_PanicView', 'Don T  Panic'],
    ['View', 'View'],
    ['ViewSet', 'View Set'],
    ['IPhoneView', 'I Phone'],
    ['Me', 'Me'],
  ])('D-065: %s is "%s"', (name, expected) => {
    expect(nameOf(viewNamed(name))).toBe(expected);
  });

  it('D-064: a static name wins; a suffix is added to a name that was made', () => {
    expect(nameOf(viewNamed('NotesView', { viewName: 'My notes' }))).toBe('My notes');
    expect(nameOf(viewNamed('NotesView', { viewSuffix: 'List' }))).toBe('Notes List');
    expect(nameOf(viewNamed('NotesView', { viewName: 'My notes', viewSuffix: 'List' }))).toBe('My notes');
    expect(nameOf(viewNamed('NotesView', { viewName: '' }))).toBe('');
  });

  it('D-064, D-066: both come from the settings', async () => {
    const settings = defineSettings({
      viewNameFunction: (view) => `name of ${view.constructor.name}`,
      viewDescriptionFunction: (_view, html) => (html === true ? '<b>' : 'text'),
    });
    class Notes extends APIView {
      override get(): Response {
        return new Response([this.getViewDescription(), this.getViewDescription(true)]);
      }
    }
    expect((await call(Notes.asView({ settings }), { method: 'OPTIONS' })).json).toMatchObject({
      name: 'name of Notes',
      description: 'text',
    });
    expect((await call(Notes.asView({ settings }))).json).toEqual(['text', '<b>']);
  });
});

describe('the description of a view', () => {
  it('D-066, D-068: is a static, without its margin; as HTML it is escaped', () => {
    const view = new (viewNamed('A', { description: 'First <b>.\n    Second & "third" \'x\'.\n' }))();
    expect(view.getViewDescription()).toBe('First <b>.\nSecond & "third" \'x\'.');
    expect(view.getViewDescription(true)).toBe(
      '<p>First &lt;b&gt;.<br>Second &amp; &quot;third&quot; &#x27;x&#x27;.</p>',
    );
    expect(new (viewNamed('A'))().getViewDescription()).toBe('');
  });

  it('D-068: is an option of function views', async () => {
    const view = apiView(['GET'], { description: '\n  Tells.\n' })(() => new Response());
    expect((await call(view, { method: 'OPTIONS' })).json.description).toBe('Tells.');
  });

  it.each([
    ['one', 'one'],
    ['  one  ', 'one'],
    ['one\n  two\n    three', 'one\ntwo\n  three'],
    ['one\n\ttwo\n\t\tthree', 'one\ntwo\n\tthree'],
    ['\n    one\n\n      two\n', 'one\n\n  two'],
    ['one\r\n  two', 'one\ntwo'],
    ['one\ntwo\n  three', 'one\ntwo\n  three'],
    ['', ''],
  ])('D-067: dedent(%j) is %j', (text, expected) => {
    expect(dedent(text)).toBe(expected);
  });
});
