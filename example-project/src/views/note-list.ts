import { IsAuthenticated, not, or, permissionClasses, Response, reverse, validated } from 'sallyport';
import { NotebookView, type NotebookRequest } from '../api';
import { orm } from '../database';
import { describeNote, Note, visibleTo } from '../note';
import { NoteInput } from '../note-input';
import { IsGuest, IsReadOnly } from '../permissions';

/** Everybody reads; guests don't write. */
@permissionClasses([IsAuthenticated, or(IsReadOnly, not(IsGuest))])
export class NoteList extends NotebookView {
  override async get(request: NotebookRequest): Promise<Response> {
    const notes = await orm.em.find(Note, visibleTo(request.user), {
      populate: ['owner'],
      orderBy: { id: 'desc' },
      limit: 50,
    });
    return new Response(notes.map(describeNote));
  }

  override async post(request: NotebookRequest): Promise<Response> {
    const { title, text, shared = false } = await validated(NoteInput, request.data);
    const note = orm.em.create(Note, { owner: request.user, title, text, shared, created: new Date() });
    await orm.em.persist(note).flush();
    const location = reverse('note', { request, params: { id: note.id } });
    return new Response(describeNote(note), { status: 201, headers: { Location: location } });
  }
}
