export default function Legacy() {
  return <p>legacy</p>;
}

export async function getServerSideProps() {
  return { props: {} };
}
