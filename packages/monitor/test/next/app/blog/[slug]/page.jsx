import { notFound } from 'next/navigation';

export default async function Post({ params }) {
  const { slug } = await params;
  if (slug === 'raw-missing') notFound();
  if (slug === 'raw-fails') throw new Error('wanted');
  return <p>post</p>;
}
